"""Far ends of the wire: strict stand-ins for the services Parley talks to."""
