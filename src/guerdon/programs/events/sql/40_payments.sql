-- A charge knows what its refunds give back, and no more than it took; a registration knows whether it is paid.

CREATE OR REPLACE FUNCTION events.count_refunds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    v_change bigint := 0;
BEGIN
    IF NEW.kind = 'charge' THEN
        RETURN NULL;
    END IF;
    IF NEW.status <> 'failed' THEN
        v_change := NEW.amount_minor;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.status <> 'failed' THEN
        v_change := v_change - OLD.amount_minor;
    END IF;
    IF v_change <> 0 THEN
        UPDATE events.payment
        SET refunded_minor = refunded_minor + v_change,
            status = CASE WHEN refunded_minor + v_change = amount_minor THEN 'refunded' ELSE 'paid' END
        WHERE id = NEW.refunds_id AND kind = 'charge' AND status IN ('paid', 'refunded');
        IF NOT FOUND THEN
            RAISE EXCEPTION 'only what was paid can be refunded' USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER payment_counted
    AFTER INSERT OR UPDATE OF status ON events.payment
    FOR EACH ROW EXECUTE FUNCTION events.count_refunds();

CREATE OR REPLACE FUNCTION events.show_payment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE events.registrations AS r
    SET payment_status = found.status
    FROM (
        SELECT CASE
            WHEN bool_or(p.status = 'paid') THEN 'paid'
            WHEN bool_or(p.status = 'pending') THEN 'pending'
            WHEN bool_or(p.status = 'refunded') THEN 'refunded'
            ELSE 'pending' END AS status
        FROM events.payment AS p
        WHERE p.registration_id = NEW.registration_id AND p.kind = 'charge'
    ) AS found
    WHERE r.id = NEW.registration_id AND r.payment_status <> found.status AND r.price_minor > 0;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER payment_shown
    AFTER INSERT OR UPDATE OF status ON events.payment
    FOR EACH ROW WHEN (NEW.kind = 'charge') EXECUTE FUNCTION events.show_payment();
