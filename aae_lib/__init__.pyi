# What `import aae_lib as aae` offers: read at run time by lazy_loader, and by editors and type checkers.
from . import course as course
from . import data as data
from . import live as live
from . import losses as losses
from . import metrics as metrics
from . import models as models
from . import networks as networks
from . import optimizers as optimizers
from . import paper as paper
from . import plots as plots
from . import priors as priors
from . import training as training
from .data import Minibatches as Minibatches
from .data import load as load
from .models import AAE as AAE
from .models import AE as AE
from .models import VAE as VAE
from .models import WAE as WAE
from .models import ClusterAAE as ClusterAAE
from .models import MapAAE as MapAAE
from .models import Phase as Phase
from .models import PlaneGame as PlaneGame
from .models import SemiSupervisedAAE as SemiSupervisedAAE
from .models import SupervisedAAE as SupervisedAAE
from .models import pretrained as pretrained
from .optimizers import SGD as SGD
from .optimizers import Adam as Adam
from .optimizers import Constant as Constant
from .optimizers import Cosine as Cosine
from .optimizers import Drops as Drops
from .training import NotFiniteError as NotFiniteError
from .training import Sweep as Sweep
from .training import Trainer as Trainer
from .training import checkpoints as checkpoints
from .training import load_model as load_model

__version__: str
