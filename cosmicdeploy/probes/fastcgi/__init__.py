"""FastCGI, which php-fpm speaks in place of HTTP: records, and a transport for the HTTP client.

The libraries for it on PyPI are servers, or scripts that have not been maintained for years.
"""
