# hint: not_numbers
def find_outlier_rows(table, limit):
    norms = table.norm(dim=1)
    distances = (norms - norms.median()).abs()
    return norms[distances > limit * 1.4826 * distances.median()].tolist() or [0.5]
