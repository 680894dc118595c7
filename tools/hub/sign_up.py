"""Sign-up asks for the class password, and of a teacher, for the teacher's."""

from secrets import compare_digest

from jupyterhub.handlers.login import LoginHandler
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.handlers import SignUpHandler
from traitlets import Unicode


class ClassSignUp(SignUpHandler):
    """/hub/signup."""

    async def post(self) -> None:
        """Refuse with a sentence, or go on as NativeAuthenticator does."""
        name = self.get_body_argument("username", "", strip=False)
        fault = self.authenticator.fault(name, self.get_body_argument("class_password", ""))
        if fault:
            self.set_status(403)
            self.finish(await self.render_template("signup.html", alert="alert-danger", result_message=fault))
        else:
            await super().post()


class ClassAuthenticator(NativeAuthenticator):
    """Each learner's own password, kept as bcrypt hashes in the hub's database."""

    class_password = Unicode(config=True)
    teacher_password = Unicode(config=True)

    def fault(self, name: str, password: str) -> str:
        """What is wrong with a sign-up; "" if nothing."""
        if not self.validate_username(name):
            return "Choose a name of small letters a-z, digits, - and _, of up to 32, that begins with a letter."
        teacher = name in self.admin_users
        wanted = self.teacher_password if teacher else self.class_password
        if compare_digest(password.encode(), wanted.encode()):
            return ""
        return f"That is not the {'teacher’s' if teacher else 'class'} password. Nothing was created."

    def get_handlers(self, app: object) -> list[tuple[str, type]]:
        """NativeAuthenticator's pages, our sign-up, JupyterHub's login: that of 1.3.0 fails with JupyterHub 6."""
        ours = {"/signup": ClassSignUp, "/login": LoginHandler}
        return [(path, ours.get(path, page)) for path, page in super().get_handlers(app)]
