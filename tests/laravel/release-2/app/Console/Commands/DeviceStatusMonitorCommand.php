<?php

namespace App\Console\Commands;

use App\Models\Remote;
use Illuminate\Console\Command;
use Illuminate\Database\Eloquent\Builder;
use Illuminate\Support\Facades\DB;

class DeviceStatusMonitorCommand extends Command
{
    private const SOURCE = 'system';

    protected $signature = 'devices:monitor-status {--dry-run : Tell what would change, and change nothing}';

    protected $description = 'Mark devices as offline that have not been heard of for too long';

    public function handle(): int
    {
        $silent = $this->silent()->orderBy('id')->get(['*', DB::raw($this->silence().' AS silence')]);
        foreach ($silent as $device) {
            $this->line("{$device->name}: {$this->reason($device)}", null, 'v');
            if (! $this->option('dry-run')) {
                DB::transaction(fn () => $this->take($device));
            }
        }
        $verb = $this->option('dry-run') ? 'would change' : 'changed';
        $this->info("{$silent->count()} devices {$verb}.");

        return 0;
    }

    /** Devices that are overdue, by the database's clock alone. */
    private function silent(): Builder
    {
        return Remote::where('status', Remote::CONNECTED)
            ->whereRaw($this->silence().' > heartbeat_interval_seconds + grace_period_seconds');
    }

    private function silence(): string
    {
        return 'TIMESTAMPDIFF(SECOND, last_heartbeat_at, CURRENT_TIMESTAMP(3))';
    }

    private function reason(Remote $device): string
    {
        return "No heartbeat for {$device->silence}s (grace period: {$device->grace_period_seconds}s)";
    }

    /** Unless a beat came meanwhile. */
    private function take(Remote $device): void
    {
        $remote = $this->silent()->lockForUpdate()->find($device->id);
        if ($remote === null) {
            return;
        }
        $reason = $this->reason($device);
        $remote->previous_status = $remote->status;
        $remote->last_status_change_at = DB::raw('CURRENT_TIMESTAMP(3)');
        $remote->status_change_reason = $reason;
        $remote->becomes(Remote::OFFLINE, $reason, self::SOURCE);
        $remote->save();
    }
}
