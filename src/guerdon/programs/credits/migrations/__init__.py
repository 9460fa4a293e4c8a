"""The revisions of the credits program: a branch of its own, on top of the kernel's."""
