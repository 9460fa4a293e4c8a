-- Whose rows a transaction may reach, for the policies of row-level security. Two settings say so, both local to the
-- transaction: guerdon.user_id is who asks; guerdon.acting_as is 'member' for a request, 'staff' once its route has
-- asked for a permission of staff, and 'system' for jobs and the command line (their connections start with it).
-- A connection of the application's role that says nothing reaches nobody's rows.

CREATE OR REPLACE FUNCTION identity.reader() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('guerdon.user_id', true), '')::uuid $$;

CREATE OR REPLACE FUNCTION identity.reaches_all() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('guerdon.acting_as', true) IN ('staff', 'system'), false) $$;

-- Whether nobody is known yet: while a request is being authenticated, sessions and codes are looked up by their hash.
CREATE OR REPLACE FUNCTION identity.authenticating() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT current_setting('guerdon.acting_as', true) = 'member'
            AND coalesce(current_setting('guerdon.user_id', true), '') = ''
    $$;

-- Keeps a table to the rows that condition lets through, and everything to staff and system. Laying it again is
-- harmless. Sub-selects let PostgreSQL ask each setting once for a statement instead of once for a row.
CREATE OR REPLACE PROCEDURE identity.keep_to_owner(relation regclass, condition text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
    EXECUTE format('DROP POLICY IF EXISTS own_rows ON %s', relation);
    EXECUTE format(
        'CREATE POLICY own_rows ON %s TO guerdon_app USING ((SELECT identity.reaches_all()) OR (%s))',
        relation, condition);
END $$;
REVOKE ALL ON PROCEDURE identity.keep_to_owner(regclass, text) FROM PUBLIC;

CALL identity.keep_to_owner('identity.user_sessions',
    'user_id = (SELECT identity.reader()) OR (SELECT identity.authenticating())');

CALL identity.keep_to_owner('identity.credentials',
    'user_id = (SELECT identity.reader()) OR (SELECT identity.authenticating())');

-- Names stand beside what people did on every page, so accounts can be read; who changes one is its owner, whoever
-- opens or recovers it before anybody is known, staff or the system.
CALL identity.keep_to_owner('identity.users',
    'id = (SELECT identity.reader()) OR (SELECT identity.authenticating())');
DROP POLICY IF EXISTS read_by_all ON identity.users;
CREATE POLICY read_by_all ON identity.users FOR SELECT TO guerdon_app USING (true);
