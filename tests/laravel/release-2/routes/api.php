<?php

use App\Http\Controllers\HealthController;
use App\Http\Controllers\HeartbeatController;
use Illuminate\Support\Facades\Route;

Route::get('/health', HealthController::class);
Route::post('/devices/heartbeat', HeartbeatController::class)->middleware('throttle:heartbeats');
