"""The programs in the box. Each is found through its entry point, as anyone else's would be."""
