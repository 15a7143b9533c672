"""What every Postkeep function shares: the words of the domain, the ports, and their AWS adapters."""
