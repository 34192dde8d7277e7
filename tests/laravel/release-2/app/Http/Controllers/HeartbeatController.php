<?php

namespace App\Http\Controllers;

use App\Models\Remote;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\DB;

class HeartbeatController
{
    private const ATTEMPTS = 3;

    private const REASON = 'Heartbeat received';

    private const SOURCE = 'heartbeat';

    public function __invoke(Request $request): JsonResponse
    {
        $beat = $request->validate([
            'battery_level' => 'required|numeric|between:0,100',
            'heartbeat_id' => 'nullable|string|max:64',
        ]);
        $device = Remote::ofToken($request->bearerToken() ?? '');
        if ($device === null) {
            return response()->json(['message' => 'Unauthenticated.'], 401);
        }
        $wasAway = DB::transaction(fn () => $this->record($device, $beat), self::ATTEMPTS);

        return response()->json(['status' => 'ok', 'should_reconnect' => $wasAway]);
    }

    /** Whether the device comes back by this beat. */
    private function record(Remote $device, array $beat): bool
    {
        $remote = Remote::lockForUpdate()->findOrFail($device->id);
        $wasAway = $remote->status !== Remote::CONNECTED;
        $remote->battery_level = $beat['battery_level'];
        $remote->last_heartbeat_at = DB::raw('CURRENT_TIMESTAMP(3)');
        $remote->last_heartbeat_source = self::SOURCE;
        $remote->last_heartbeat_id = $beat['heartbeat_id'] ?? $remote->last_heartbeat_id;
        if ($wasAway) {
            $remote->previous_status = $remote->status;
            $remote->last_status_change_at = DB::raw('CURRENT_TIMESTAMP(3)');
            $remote->status_change_reason = self::REASON;
            $remote->becomes(Remote::CONNECTED, self::REASON, self::SOURCE);
        }
        $remote->save();

        return $wasAway;
    }
}
