<?php

namespace App\Models;

use App\Jobs\NotifyOfTransition;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Log;

/** A kiosk. */
class Remote extends Model
{
    public const CONNECTED = 'Connected';

    public const OFFLINE = 'Temporarily Offline';

    protected $guarded = [];

    public static function hash(string $token): string
    {
        return hash('sha256', $token);
    }

    public static function ofToken(string $token): ?self
    {
        return static::where('token_hash', static::hash($token))->where('token_revoked', false)->first();
    }

    /** Give it another status, within a transaction; told once that is committed. */
    public function becomes(string $status, string $reason, string $source): void
    {
        $from = $this->status ?? 'Disconnected';
        $this->status = $status;
        DB::table('device_status_transitions')->insert([
            'remote_id' => $this->id,
            'from_status' => $from,
            'to_status' => $status,
            'reason' => $reason,
            'source' => $source,
            'created_at' => DB::raw('CURRENT_TIMESTAMP(3)'),
        ]);
        DB::afterCommit(fn () => $this->announce($from, $reason, $source));
    }

    private function announce(string $from, string $reason, string $source): void
    {
        Log::info('Device status transition', [
            'device_id' => $this->id,
            'device_name' => $this->name,
            'from_status' => $from,
            'to_status' => $this->status,
            'reason' => $reason,
            'source' => $source,
        ]);
        NotifyOfTransition::dispatch($this->name, $this->status);
    }
}
