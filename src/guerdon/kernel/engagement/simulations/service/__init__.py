"""What simulations do: ``replaying`` applies a version to members' histories, ``running`` does so for all of them."""
