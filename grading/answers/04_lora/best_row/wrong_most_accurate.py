# hint: most_accurate
def best_row(rows):
    return max(rows, key=lambda row: row["accuracy"])
