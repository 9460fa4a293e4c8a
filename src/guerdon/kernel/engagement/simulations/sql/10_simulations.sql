REVOKE ALL ON engagement.simulations FROM PUBLIC, guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON engagement.simulations TO guerdon_app;
