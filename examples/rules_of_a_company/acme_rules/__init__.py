"""What Acme asks of its async classes. Importing this package enters the rules."""

from acme_rules import closing as closing
from acme_rules import sessions as sessions
