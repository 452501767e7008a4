"""The command line `vkp`: each command is a module here, registered in `root`."""
