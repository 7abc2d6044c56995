"""Speed of the pages people open most, side by side with the least Flask can do."""
