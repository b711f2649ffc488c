from django.urls import path

from accounts.api.people import UsersView, UserView
from accounts.api.roles import RolesView, RoleView
from accounts.api.system_log import SystemActivityView
from accounts.api.teams import TeamsView, TeamView
from accounts.api.tokens import TokensView, TokenView

urlpatterns = [
    path("users/", UsersView.as_view(), name="users"),
    path("users/<str:username>/", UserView.as_view(), name="user"),
    path("teams/", TeamsView.as_view(), name="teams"),
    path("teams/<slug:slug>/", TeamView.as_view(), name="team"),
    path("roles/", RolesView.as_view(), name="roles"),
    path("roles/<slug:slug>/", RoleView.as_view(), name="role"),
    path("tokens/", TokensView.as_view(), name="tokens"),
    path("tokens/<int:number>/", TokenView.as_view(), name="token"),
    path("system/activity/", SystemActivityView.as_view(), name="system_activity"),
]
