<?php

namespace App\Http\Middleware;

use Closure;
use Illuminate\Http\Request;
use Symfony\Component\HttpFoundation\Response;

/** JSON for everybody, errors too, with the release that answers. */
class AnswerAsRelease
{
    public function handle(Request $request, Closure $next): Response
    {
        $request->headers->set('Accept', 'application/json');
        $response = $next($request);
        $response->headers->set('X-App-Version', config('app.release'));

        return $response;
    }
}
