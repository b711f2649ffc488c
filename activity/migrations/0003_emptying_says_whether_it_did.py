"""`activity_empty_body` answers whether there was a text to empty. It always said yes: PERFORM sets FOUND, too."""

from django.db import migrations

FUNCTION = r"""
CREATE OR REPLACE FUNCTION activity_empty_body(body bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    was_emptied boolean;
BEGIN
    PERFORM set_config('watchfloor.emptying', body::text, true);
    UPDATE activity_body SET text = NULL, emptied_at = clock_timestamp() WHERE id = body AND text IS NOT NULL;
    was_emptied := FOUND;
    PERFORM set_config('watchfloor.emptying', '', true);
    RETURN was_emptied;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("activity", "0002_chain_and_guard")]

    # The former function differs in its answer only, so going back needs no step of its own.
    operations = [migrations.RunSQL(FUNCTION, migrations.RunSQL.noop)]
