"""Load and faults: an election with many voters, its collector as the programs that operators run,
voters who come whether or not it answers, and what happens to it when something breaks."""
