"""The first pages that anybody sees: the start page of visitors and members, and the reference for developers."""
