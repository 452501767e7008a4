"""`vkp cluster`: each of its commands is a module here."""
