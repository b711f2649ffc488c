"""The log's guard in the database: sequence, time and hashes come from a trigger; changing or deleting is refused.

The canonical form that is hashed is described in activity/chain.py and built the same way here.
"""

from django.db import migrations

CHAIN = r"""
CREATE FUNCTION activity_canonical(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value IS NULL THEN '-'
           ELSE octet_length(convert_to(value, 'UTF8')) || ':' || value END
$$;

CREATE FUNCTION activity_chain_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    last record;
BEGIN
    -- Writers of one incident hold its row lock already; this lock is the net under a writer that forgot, and the
    -- only one for the system's stream. 0x5746 keeps the key apart from other advisory locks.
    PERFORM pg_advisory_xact_lock(22342, hashint8(coalesce(NEW.incident_id, 0)));
    -- Two cases, because IS NOT DISTINCT FROM cannot use the index and would read the whole log for every entry.
    IF NEW.incident_id IS NULL THEN
        SELECT sequence, hash INTO last FROM activity_entry
            WHERE incident_id IS NULL ORDER BY sequence DESC LIMIT 1;
    ELSE
        SELECT sequence, hash INTO last FROM activity_entry
            WHERE incident_id = NEW.incident_id ORDER BY sequence DESC LIMIT 1;
    END IF;
    NEW.sequence := coalesce(last.sequence, 0) + 1;
    NEW.previous_hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    NEW.recorded_at := clock_timestamp();
    NEW.transaction := pg_current_xact_id()::text::bigint;
    NEW.hash := sha256(NEW.previous_hash || convert_to(concat_ws(',',
        activity_canonical(NEW.incident_id::text),
        activity_canonical(NEW.sequence::text),
        activity_canonical(to_char(NEW.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
        activity_canonical(NEW.incident_version::text),
        activity_canonical(NEW.verb),
        activity_canonical(NEW.actor_kind),
        activity_canonical(NEW.actor_id::text),
        activity_canonical(NEW.actor_label),
        activity_canonical(NEW.channel),
        activity_canonical(NEW.batch::text),
        activity_canonical(NEW.subject_kind),
        activity_canonical(NEW.subject_id),
        activity_canonical(NEW.subject_label),
        activity_canonical(NEW.changes::text),
        activity_canonical(NEW.facts::text),
        activity_canonical(NEW.body_sha256),
        activity_canonical(NEW.about_id::text)), 'UTF8'));
    RETURN NEW;
END
$$;

CREATE TRIGGER entry_chain BEFORE INSERT ON activity_entry
    FOR EACH ROW EXECUTE FUNCTION activity_chain_entry();

CREATE FUNCTION activity_hash_body() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sha256 := encode(sha256(convert_to(NEW.text, 'UTF8')), 'hex');
    NEW.emptied_at := NULL;
    RETURN NEW;
END
$$;

CREATE TRIGGER body_hash BEFORE INSERT ON activity_body
    FOR EACH ROW EXECUTE FUNCTION activity_hash_body();

CREATE FUNCTION activity_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the activity log is only ever added to', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER entry_guard BEFORE UPDATE OR DELETE ON activity_entry
    FOR EACH ROW EXECUTE FUNCTION activity_refuse();
CREATE TRIGGER entry_guard_truncate BEFORE TRUNCATE ON activity_entry
    FOR EACH STATEMENT EXECUTE FUNCTION activity_refuse();

CREATE FUNCTION activity_guard_body() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Only the emptying of a text, and only from activity_empty_body, which says so for its transaction.
    IF TG_OP = 'UPDATE' AND current_setting('watchfloor.emptying', true) = OLD.id::text
       AND NEW.id = OLD.id AND NEW.sha256 = OLD.sha256 AND NEW.text IS NULL THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on % is refused: the activity log is only ever added to', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER body_guard BEFORE UPDATE OR DELETE ON activity_body
    FOR EACH ROW EXECUTE FUNCTION activity_guard_body();
CREATE TRIGGER body_guard_truncate BEFORE TRUNCATE ON activity_body
    FOR EACH STATEMENT EXECUTE FUNCTION activity_refuse();

CREATE FUNCTION activity_empty_body(body bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM set_config('watchfloor.emptying', body::text, true);
    UPDATE activity_body SET text = NULL, emptied_at = clock_timestamp() WHERE id = body AND text IS NOT NULL;
    PERFORM set_config('watchfloor.emptying', '', true);
    RETURN FOUND;
END
$$;
"""

UNDO = """
DROP FUNCTION activity_empty_body(bigint);
DROP TRIGGER body_guard_truncate ON activity_body;
DROP TRIGGER body_guard ON activity_body;
DROP TRIGGER body_hash ON activity_body;
DROP TRIGGER entry_guard_truncate ON activity_entry;
DROP TRIGGER entry_guard ON activity_entry;
DROP TRIGGER entry_chain ON activity_entry;
DROP FUNCTION activity_guard_body();
DROP FUNCTION activity_hash_body();
DROP FUNCTION activity_refuse();
DROP FUNCTION activity_chain_entry();
DROP FUNCTION activity_canonical(text);
"""


class Migration(migrations.Migration):
    dependencies = [("activity", "0001_initial")]

    operations = [migrations.RunSQL(CHAIN, UNDO)]
