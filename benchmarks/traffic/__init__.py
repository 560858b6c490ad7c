"""Generated DNS traffic: the same responses as packets, dnstap frames and log rows."""
