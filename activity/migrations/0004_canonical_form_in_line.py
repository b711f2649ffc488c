"""The function that the chain's trigger calls for each column is written into the trigger's own expression by the
planner, which refuses that as long as the function is declared less changeable than what it calls: `convert_to` is only
stable. What is hashed stays the same to the byte."""

from django.db import migrations

STABLE = "ALTER FUNCTION activity_canonical(text) STABLE"
IMMUTABLE = "ALTER FUNCTION activity_canonical(text) IMMUTABLE"


class Migration(migrations.Migration):
    dependencies = [("activity", "0003_emptying_says_whether_it_did")]

    operations = [migrations.RunSQL(STABLE, IMMUTABLE)]
