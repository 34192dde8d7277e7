<?php

namespace App\Jobs;

use Illuminate\Bus\Queueable;
use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Foundation\Bus\Dispatchable;
use Illuminate\Support\Facades\Log;

class Probe implements ShouldQueue
{
    use Dispatchable, Queueable;

    public function __construct(private string $id, private float $seconds)
    {
    }

    public function handle(): void
    {
        Log::info("Probe {$this->id} begun");
        // A signal ends a sleep, as it would not end work.
        for ($until = microtime(true) + $this->seconds; microtime(true) < $until;) {
            usleep(50_000);
        }
        Log::info("Probe {$this->id} done");
    }
}
