"""The correlation rules that every installation starts with."""

from datetime import timedelta

from django.db import migrations

RULES = (
    # slug, kind, hours, whether it is on
    ("same_source_incident", "", 0, True),
    ("same_mail_message", "mail_message", 168, True),
    ("same_file", "file", 168, True),
    ("same_device", "device", 24, True),
    ("same_user", "user", 24, True),
    ("same_mailbox", "mailbox", 24, True),
    ("same_cloud_resource", "cloud_resource", 24, True),
    ("same_application", "application", 24, True),
    ("same_url", "url", 24, True),
    ("same_attacking_address", "ip", 4, True),
    ("same_mail_cluster", "mail_cluster", 24, False),
    ("same_process", "process", 24, False),
    ("same_container", "container", 24, False),
    ("same_registry_value", "registry_value", 24, False),
    ("same_registry_key", "registry_key", 24, False),
    ("same_security_group", "security_group", 24, False),
    ("same_malware", "malware", 24, False),
    ("same_domain", "domain", 24, False),
)


def ship(apps, schema_editor):
    alias = schema_editor.connection.alias
    apps.get_model("ingest", "CorrelationRule").objects.using(alias).bulk_create(
        [
            apps.get_model("ingest", "CorrelationRule")(
                slug=slug, kind=kind, window=timedelta(hours=hours), is_on=is_on
            )
            for slug, kind, hours, is_on in RULES
        ]
    )
    apps.get_model("ingest", "RuleBook").objects.using(alias).create(pk=1, order=[slug for slug, *_ in RULES])


def take_back(apps, schema_editor):
    alias = schema_editor.connection.alias
    apps.get_model("ingest", "CorrelationRule").objects.using(alias).all().delete()
    apps.get_model("ingest", "RuleBook").objects.using(alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [("ingest", "0001_initial")]

    operations = [migrations.RunPython(ship, take_back)]
