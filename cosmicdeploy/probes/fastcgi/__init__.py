"""FastCGI, which php-fpm speaks in place of HTTP: records, and a transport for the HTTP client.

FastCGI libraries on PyPI are servers, or client scripts that have not been maintained for years.
"""
