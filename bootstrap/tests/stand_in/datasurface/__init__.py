"""Stands in for the vendor's package, which is not public: only the command line of ring 0, as far as generate_dags.py sees it."""
