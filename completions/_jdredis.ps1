# Completion of jdredis for PowerShell. The program says what there is to offer; nothing that was typed is run.

Register-ArgumentCompleter -Native -CommandName jdredis -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $program = Get-Command jdredis -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    if (-not $program) { return }
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
        })
    if ($wordToComplete -eq '') { $words += '' }
    $before = $env:JDREDIS_COMPLETE
    try {
        $env:JDREDIS_COMPLETE = 'powershell'
        $lines = @(& $program.Path -- ($words.Count - 1) @words 2>$null)
    } catch {
        return
    } finally {
        $env:JDREDIS_COMPLETE = $before
    }
    if ($lines.Count -eq 0) { return }
    switch ($lines[0]) {
        'values' {
            foreach ($line in $lines | Select-Object -Skip 1) {
                $value, $help = $line -split "`t", 2
                if (-not $help) { $help = $value }
                $text = if ($value -match '^[\w./:=@%+-]+$') { $value } else { "'" + $value.Replace("'", "''") + "'" }
                [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $help)
            }
        }
        'files' {
            [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
        }
        'folders' {
            [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete) |
                Where-Object { $_.ResultType -eq 'ProviderContainer' }
        }
    }
}
