<?php

namespace App\Console\Commands;

use App\Jobs\Probe;
use Illuminate\Console\Command;
use Illuminate\Support\Str;

class QueueProbeCommand extends Command
{
    protected $signature = 'queue:probe {count=1} {--seconds=0 : How long each job takes}';

    protected $description = 'Queue jobs that do nothing but take time';

    public function handle(): int
    {
        for ($left = (int) $this->argument('count'); $left > 0; $left--) {
            Probe::dispatch($id = Str::random(8), (float) $this->option('seconds'));
            $this->line($id);
        }

        return 0;
    }
}
