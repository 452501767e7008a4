"""`vkp status`: how a virtual cluster is, on both sides."""
