<?php

namespace App\Http;

use App\Http\Middleware\AnswerAsRelease;
use Illuminate\Foundation\Http\Kernel as HttpKernel;
use Illuminate\Foundation\Http\Middleware\PreventRequestsDuringMaintenance;
use Illuminate\Routing\Middleware\ThrottleRequests;

class Kernel extends HttpKernel
{
    protected $middleware = [AnswerAsRelease::class, PreventRequestsDuringMaintenance::class];

    protected $routeMiddleware = ['throttle' => ThrottleRequests::class];
}
