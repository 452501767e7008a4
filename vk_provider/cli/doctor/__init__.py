"""`vkp doctor`: whether a host cluster has what virtual clusters need, and how to mend it."""
