"""What every page shares on the way in and out: requests, errors, templates, log-in."""
