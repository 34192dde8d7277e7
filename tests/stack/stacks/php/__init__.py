"""Stacks of PHP applications: Laravel, and php-fpm behind nginx."""
