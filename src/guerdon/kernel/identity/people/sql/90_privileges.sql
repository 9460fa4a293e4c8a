-- What the application may do with people's rows, within the policies. A profile is made by its trigger; consents and
-- proofs of identity are not rewritten.

REVOKE ALL ON identity.profiles, identity.avatars, identity.user_addresses, identity.guardianships,
    identity.verifications, identity.verification_documents, identity.exports, identity.export_files,
    identity.erasures, identity.consents FROM guerdon_app;
GRANT SELECT, UPDATE, DELETE ON identity.profiles TO guerdon_app;
GRANT SELECT, INSERT, DELETE ON identity.avatars TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON identity.user_addresses TO guerdon_app;
GRANT SELECT, INSERT, UPDATE (status, consented_at, ended_at, reason, fault) ON identity.guardianships TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (id_number, id_hash, status, decided_at, decided_by, reason, expires_at)
    ON identity.verifications TO guerdon_app;
GRANT SELECT, INSERT, DELETE, UPDATE (content) ON identity.verification_documents TO guerdon_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON identity.exports, identity.export_files TO guerdon_app;
GRANT SELECT, INSERT, UPDATE (status, settled_at) ON identity.erasures TO guerdon_app;
GRANT SELECT, INSERT, DELETE ON identity.consents TO guerdon_app;

-- What runs with the owner's rights is for the application alone.
REVOKE ALL ON FUNCTION identity.alone_until(uuid), identity.may_guard(uuid, timestamptz), identity.public_profile(uuid),
    identity.visible_avatar(uuid), identity.wanted_channels(uuid), identity.ward(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.alone_until(uuid), identity.may_guard(uuid, timestamptz),
    identity.public_profile(uuid), identity.visible_avatar(uuid), identity.wanted_channels(uuid), identity.ward(uuid)
    TO guerdon_app;
