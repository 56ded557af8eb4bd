"""Mail to be sent: written in the action's own transaction, sent by a worker."""
