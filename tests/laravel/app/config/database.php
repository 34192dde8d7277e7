<?php

$redis = ['host' => env('REDIS_HOST', '127.0.0.1'), 'port' => 6379, 'timeout' => 1.0];

return [
    'default' => 'mysql',
    'migrations' => 'migrations',
    'connections' => [
        'mysql' => [
            'driver' => 'mysql',
            'host' => env('DB_HOST', '127.0.0.1'),
            'port' => 3306,
            'database' => env('DB_DATABASE', 'platform'),
            'username' => env('DB_USERNAME', 'platform'),
            'password' => env('DB_PASSWORD', ''),
            'charset' => 'utf8mb4',
            'collation' => 'utf8mb4_unicode_ci',
            'prefix' => '',
            'strict' => true,
            'timezone' => '+00:00',
            'options' => [PDO::ATTR_TIMEOUT => 2],
        ],
    ],
    // `cache:clear` empties the database of the cache: the queue has another one.
    'redis' => [
        'client' => 'phpredis',
        'options' => ['prefix' => 'cosmic:'],
        'default' => $redis + ['database' => 0],
        'cache' => $redis + ['database' => 1],
    ],
];
