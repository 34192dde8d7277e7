<?php

namespace App\Providers;

use App\Models\Remote;
use Illuminate\Cache\RateLimiting\Limit;
use Illuminate\Foundation\Support\Providers\RouteServiceProvider as ServiceProvider;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\RateLimiter;
use Illuminate\Support\Facades\Route;

class RouteServiceProvider extends ServiceProvider
{
    public function boot(): void
    {
        // By device: kiosks share an address.
        RateLimiter::for('heartbeats', fn (Request $request) => Limit::perMinute(config('app.heartbeats_per_minute'))
            ->by(Remote::hash($request->bearerToken() ?? '')));
        $this->routes(fn () => Route::prefix('api')->group(base_path('routes/api.php')));
    }
}
