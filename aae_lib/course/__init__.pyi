# What the lessons use: read at run time by lazy_loader, and by editors and type checkers.
from . import checks as checks
from . import doctor as doctor
from . import ward as ward
from . import workspace as workspace
from .certificates import certificate as certificate
from .checks import borrow as borrow
from .checks import check as check
from .checks import your_turn as your_turn
from .keepsake import poster as poster
from .lesson import claim as claim
from .prediction import predict as predict
from .questions import quiz as quiz
from .statements import seen as seen
