<?php

return [
    'default' => 'redis',
    'prefix' => 'cosmic_cache',
    'stores' => ['redis' => ['driver' => 'redis', 'connection' => 'cache']],
];
