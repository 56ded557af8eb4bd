"""What people type, and how it is checked before an action is asked."""
