"""Return to credit: authorised, received, credited, refunded, restocked; four independent pairs."""
