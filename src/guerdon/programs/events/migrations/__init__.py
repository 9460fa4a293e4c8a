"""The revisions of the events program: a branch of its own, on top of the kernel's."""
