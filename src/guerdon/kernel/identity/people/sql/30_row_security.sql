-- Whose rows the application's role reaches; identity.keep_to_owner adds staff and system to each condition.

CALL identity.keep_to_owner('identity.profiles', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('identity.avatars', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('identity.user_addresses', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('identity.guardianships',
    'minor_id = (SELECT identity.reader()) OR guardian_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('identity.verifications', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('identity.verification_documents', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('identity.exports', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('identity.export_files', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('identity.erasures', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('identity.consents', 'user_id = (SELECT identity.reader())');

-- Ways in are looked up by their hash while nobody is known yet; afterwards everybody reaches their own.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'password_reset_tokens', 'email_confirmations', 'linked_providers', 'admin_sessions', 'refresh_tokens',
        'api_keys']
    LOOP
        CALL identity.keep_to_owner(format('identity.%I', v_table)::regclass,
            'user_id = (SELECT identity.reader()) OR (SELECT identity.authenticating())');
    END LOOP;
END $$;
