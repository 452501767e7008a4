"""`vkp install` and `uninstall`: the controller on a host cluster."""
