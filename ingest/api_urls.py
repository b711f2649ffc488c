from django.urls import path

from ingest.api.alerts import AlertsView
from ingest.api.correlation import CorrelationRulesView, CorrelationRuleView, ResetCorrelationRuleView
from ingest.api.trials import CancelTrialView, TrialsView, TrialView
from ingest.api.tuning import CaughtAlertsView, TuningRulesView, TuningRuleView

urlpatterns = [
    path("alerts/", AlertsView.as_view(), name="alerts"),
    path("correlation-rules/", CorrelationRulesView.as_view(), name="correlation_rules"),
    path("correlation-rules/<slug:slug>/", CorrelationRuleView.as_view(), name="correlation_rule"),
    path("correlation-rules/<slug:slug>/reset/", ResetCorrelationRuleView.as_view(), name="reset_correlation_rule"),
    path("tuning-rules/", TuningRulesView.as_view(), name="tuning_rules"),
    path("tuning-rules/<int:number>/", TuningRuleView.as_view(), name="tuning_rule"),
    path("tuning-rules/<int:number>/alerts/", CaughtAlertsView.as_view(), name="caught_alerts"),
    path("trials/", TrialsView.as_view(), name="trials"),
    path("trials/<uuid:number>/", TrialView.as_view(), name="trial"),
    path("trials/<uuid:number>/cancel/", CancelTrialView.as_view(), name="cancel_trial"),
]
