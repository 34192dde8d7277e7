<?php

namespace App\Http\Controllers;

use Illuminate\Http\JsonResponse;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Redis;
use Throwable;

/** As most are: it knows whether database and cache answer, and nothing of the schema. */
class HealthController
{
    public function __invoke(): JsonResponse
    {
        try {
            DB::select('SELECT 1');
            Redis::connection()->ping();
        } catch (Throwable $error) {
            return response()->json(['status' => 'unavailable', 'reason' => $error->getMessage()], 503);
        }

        return response()->json(['status' => 'ok', 'release' => config('app.release')]);
    }
}
